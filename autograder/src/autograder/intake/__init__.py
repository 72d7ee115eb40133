"""From a folder that was handed in to notebooks that can be run: read, recognise, restore."""
