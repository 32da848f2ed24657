"""Networks, a stage: training populations of networks, and reading them."""
