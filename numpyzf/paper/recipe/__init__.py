"""The training recipe (section 3) as it stands, against He initialization.

Three things are looked at. What does each do to the signal in a net that has not learned yet? How
does the training then go? Which filters does renormalization hold back?
"""
