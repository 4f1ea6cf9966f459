#!/bin/sh
# Stands in for rustup's installer: the toolchain goes where CARGO_HOME says.
set -e
home="${CARGO_HOME:-$HOME/.cargo}"
mkdir -p "$home/bin"
curl -fsSL -o "$home/bin/rustup" https://drydock.invalid/rust/rustup
curl -fsSL -o "$home/bin/cargo" https://drydock.invalid/rust/cargo
curl -fsSL -o "$home/bin/rustc" https://drydock.invalid/rust/rustc
chmod +x "$home/bin/rustup" "$home/bin/cargo" "$home/bin/rustc"
echo "export PATH=\"$home/bin:\$PATH\"" > "$home/env"
echo "Rust is installed now. Great!"
