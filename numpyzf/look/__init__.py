"""What a trained net sees: many units at once, strongest activations, occlusion, linear probes."""
