"""The frame of the page: HTML with places `$name`, its style, and the few lines of script behind the map."""

from string import Template

HOW = """
<p class="note">A change is that of the degeneracy, the spread of the networks of a level, from the first to the
last level, with its interval in brackets. <span class="robust">Robust</span> arrows are in bold and in colour:
interval and test agree, p is small after Holm's correction, and the sign is that of at least 90% of the
variants of the metric and of both halves of the seeds. Interval only: the arrow lacks one of these. A tilde
means that the interval contains 0, that the test does not see the change, or that a level is not resolved (the
distance of a network from itself on other trials, the floor, is more than a quarter of the degeneracy).</p>
<p class="note">In all figures a small dot is a network, and a large dot is the degeneracy of its level. Dashed
lines are the networks before training (the ceiling), dotted lines are each network against itself on other
trials (the floor). Only networks that converged count. Intervals resample networks, never pairs. Links lead to
the files beside this page. </p>
"""

STYLE = """
:root { --line: #d5d5d5; --soft: #555; --blue: #0072B2; --green: #009E73; --red: #D55E00; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1400px; padding: 0 1rem 4rem; color: #1a1a1a; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 2rem 0 .5rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-top: .5rem; border-top: 2px solid #1a1a1a; }
h3 { font-size: 1.1rem; margin: 2rem 0 .3rem; }
p, ul { max-width: 75ch; }
.soft, figcaption, .note { color: var(--soft); font-size: .9rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
.wide { overflow-x: auto; border: 1px solid var(--line); }
table { border-collapse: collapse; font-size: .85rem; overflow-wrap: normal; }
th, td { padding: .35rem .5rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { background: #f4f4f4; }
td small { display: block; color: var(--soft); }
th small { display: block; font-weight: normal; min-width: 7rem; }
.change { white-space: nowrap; }
.robust { font-weight: 600; color: var(--blue); }
.robust.agrees { color: #00734f; }
.robust.disagrees { color: #a84300; }
.interval { color: #444; }
.none { color: #6b6b6b; }
figure { margin: 1.5rem 0 2rem; }
figure .wide { border: 0; }
figure img { height: auto; display: block; border: 1px solid var(--line); }
@media (min-width: 700px) { figure img { max-width: 100%; } }
figcaption { max-width: 85ch; margin-top: .4rem; }
figcaption b { color: #1a1a1a; }
details { margin: .4rem 0; }
summary { cursor: pointer; }
details.sweep > summary { font-size: 1.05rem; font-weight: 600; margin-top: 1.2rem; }
pre { overflow-x: auto; background: #f4f4f4; padding: .6rem; font-size: .8rem; }
.map { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: start; width: 100%; }
.map h3 { width: 100%; }
.map svg { width: min(420px, 100%); height: auto; border: 1px solid var(--line); }
.map div { flex: 1 1 16rem; }
.map circle { cursor: pointer; outline: none; }
.map circle:hover, .map circle:focus, .map circle.on { stroke: #000; stroke-width: 3; }
.map .says { min-height: 5.6rem; margin: .3rem 0 0; white-space: pre-wrap; }
.legend { margin-top: 0; }
.legend span { margin-right: 1rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .3em; }
"""

SCRIPT = """
for (const map of document.querySelectorAll(".map")) {
  const says = map.querySelector(".says");
  const hint = says.textContent = "Point at a network, tap it, or reach it with the tab key.";
  const show = circle => {
    map.querySelectorAll(".on").forEach(other => other.classList.remove("on"));
    if (circle) circle.classList.add("on");
    says.textContent = circle ? circle.dataset.says : hint;
  };
  for (const circle of map.querySelectorAll("circle")) {
    circle.querySelector("title").remove();
    for (const name of ["mouseenter", "focus", "click"]) circle.addEventListener(name, () => show(circle));
  }
  map.querySelector("svg").addEventListener("mouseleave", () => show(null));
}
"""

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Solution degeneracy: $title</title>
<style>$style</style>
</head>
<body>
<h1>Do networks trained on the same task solve it the same way, and what changes that?</h1>
<p>$lead</p>
<nav><ul>$contents</ul></nav>
<h2 id="findings">Findings</h2>
$findings
<h2 id="directions">All directions</h2>
$directions
$groups
<h2 id="made">How this was made</h2>
$made
<script>$script</script>
</body>
</html>
""")
