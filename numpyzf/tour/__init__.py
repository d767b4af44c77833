"""One trained net looked at: how it learned, its filters, what each layer looks for, one image explained."""
