"""How well the engines do: on real photos, on rendered animals whose truth is known, and the metrics they are scored by."""
