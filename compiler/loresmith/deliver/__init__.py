"""Delivery: versioned model folders and what the app needs to load them."""
