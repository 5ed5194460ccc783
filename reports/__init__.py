"""Records of checked claims, and what is made of them: tables, figures and a page."""
