"""What a bad year costs, and where the next rupee goes: losses, two engines that check each other, plans. Pure."""
