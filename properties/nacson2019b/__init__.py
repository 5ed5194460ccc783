"""Nacson, Srebro, Soudry (2019), on stochastic gradient descent."""
