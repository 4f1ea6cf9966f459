"""A small weather page: asks a service, shows the answer."""

import os

import requests
from flask import Flask, jsonify

app = Flask(__name__)
SOURCE = os.environ.get("WEATHER_URL", "http://weather.example/today")


@app.get("/")
def today():
    answer = requests.get(SOURCE, timeout=3)
    return jsonify(source=SOURCE, status=answer.status_code)


@app.get("/healthz")
def healthz():
    return "ok\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8000)
