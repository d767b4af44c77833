"""What a trained net sees: many units at once, top activations, occlusion, linear classifiers."""
