"""The parts of the decision report, one function a part: statistics to what the page prints."""
