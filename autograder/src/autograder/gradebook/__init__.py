"""Write marks, graded notebooks and feedback pages: one writer, one transaction for each submission."""
