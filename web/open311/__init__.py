"""The door Open311 GeoReport v2: what other cities' programs ask, and how they are answered, in XML and JSON from the same values."""
