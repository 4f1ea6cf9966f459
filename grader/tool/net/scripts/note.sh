#!/bin/sh
# Stands in for an installer whose work is not modelled.
echo "Drydock does not model what this installer does." >&2
