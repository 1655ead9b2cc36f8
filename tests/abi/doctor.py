#!/usr/bin/env python3
"""Makes the manifest of a misbehaving plugin say what the plugin does not do: doctor.py HOW FILE [NAME]."""
import json
import sys

how, file = sys.argv[1], sys.argv[2]

if how == "make":  # one that talome-manifest refuses to make
    manifest = {"id": sys.argv[3], "version": "1.0.0", "summary": "Needs what no host has.", "abi": 1,
                "needs": ["talome.operations/0", "talome.teleport/7"], "wants": [], "canUnload": True, "prefixes": [],
                "operations": [], "listeners": [], "flags": [], "settings": [], "migrations": [], "tasks": [], "topics": [],
                "subscriptions": [], "uses": []}
else:
    with open(file, encoding="utf-8") as source:
        manifest = json.load(source)
    if how == "drop-last-operation":
        manifest["operations"].pop()
    elif how == "rename":
        manifest["id"] = sys.argv[3]
    else:
        sys.exit(f"doctor.py: what is {how}?")

with open(file, "w", encoding="utf-8") as target:
    json.dump(manifest, target, indent=2)
    target.write("\n")
