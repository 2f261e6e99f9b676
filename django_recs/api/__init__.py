"""HTTP in, one function call, HTTP out. Views hold no logic of their own."""
