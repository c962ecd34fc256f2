"""Controls for animators on our own rigs: feet with IK, knees, torso, chest, neck, head, look-at and tail, put on and taken off."""
