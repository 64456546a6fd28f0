"""Signoff side by side with other ways to do the same work, in one run, as ratios; see the README here."""
