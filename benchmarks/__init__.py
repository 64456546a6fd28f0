"""What signoff costs, measured."""
