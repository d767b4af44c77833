"""Table 7 (section 5.3): how good are the features of each layer?

A linear support vector machine and a softmax learn classes from the outputs of each layer. The
classes are, as in the paper, others than those the net was trained on. For comparison, the same is
done with the net's own classes.
"""
