"""Synthetic poses and motions without end: drawn, not recorded, for networks that lift points to 3D."""
