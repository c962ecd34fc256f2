"""Fit an animal model to hints in a photo: shape, pose, place and camera from points, boxes, masks and a species.

A batched Levenberg-Marquardt solver over many starting directions at once, with exact derivatives of the skinned body.
`image.py` is the whole story; `engine.py` serves it over the wire.
"""
