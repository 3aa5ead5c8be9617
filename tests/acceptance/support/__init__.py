"""Real servers, real images and the programs under test, for the acceptance tests and the demo."""
