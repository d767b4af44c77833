"""What a trained net sees: many units projected at once, the strongest activations, occlusion, linear classifiers."""
