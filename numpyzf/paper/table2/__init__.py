"""Table 2: the test error of one net and of five nets, on whole images and over crops.

Source: Zeiler & Fergus, section 5.1 (ImageNet 2012), Table 2.

Five nets differ in their seed only. Their probabilities are averaged, over the crops of an image,
over the nets, and over both.

The paper's nets take 224 of 256 pixels, so that ten crops differ by up to 32 pixels. The nets here
take the whole image. Their crops are cut from the image in a margin of the mean, which is as wide,
for the image's size, as the paper's.
"""
