#!/bin/sh
# Prints the greeting from the settings.
sed -n 's/^greeting = //p' /etc/greet/settings.conf
