"""Factors: users and items as vectors whose products are ratings or likes; fitted by libraries, scored here."""
