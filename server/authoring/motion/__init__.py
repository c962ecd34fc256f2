"""Motion knowledge of the open animal, learned from clips of CC0 rigs: clips on the 35 joints, a pose prior, joint limits.

    python -m bestiary.server.authoring.motion --rigs ../shared/data/rigs --model build/animal/open_animal.npz

`rig_tracks` reads what a rig does, `skeleton` says where the animal's points are and how they move with its pose,
`retarget` fits the one to the other, `clips` names and finishes what ships, `mixture` learns the prior.
"""
