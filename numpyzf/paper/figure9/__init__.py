"""Figure 9 and Tables 4–6 (section 5.2): features that carry over to new classes.

A net is trained on half of the classes. Then all of its layers stay as they are. Only a new
softmax is trained, on the outputs of layer 7, for the other classes, of which there are few
images. Beside it stands the same net, trained from scratch on the same few images. Both are done
twice: with scenes, of which the pixels themselves tell little, and with the images of the study,
which may be so simple that there is little to carry over.
"""
