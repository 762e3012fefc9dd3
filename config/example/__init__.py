"""The example centre: a whole invented city, as data."""
