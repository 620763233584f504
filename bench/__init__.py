"""How fast the portal is, beside a bare page in the same run. Figures, never a gate."""
