"""Asking a judge: any model with a template; what its verdicts are worth is analysed elsewhere."""
