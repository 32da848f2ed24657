"""What computes the error of many networks and its gradient; part of the stage of networks."""
