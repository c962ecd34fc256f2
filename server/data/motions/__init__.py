"""Folders of motions: skeletons in motion, made of rigged animals, for learning to lift and for judging what was learned."""
