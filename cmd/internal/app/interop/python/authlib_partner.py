"""A partner app on Flask and Authlib, as its documentation shows: discovery, PKCE, the ID token verified by Authlib."""

import logging
import os
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, request, session

BASE = os.environ["BASE"]

app = Flask(__name__)
app.secret_key = "a secret of the partner"
# Cookies do not know ports: on localhost the name keeps apps apart.
app.config["SESSION_COOKIE_NAME"] = "authlib"

oauth = OAuth(app)
symbolon = oauth.register(
    "symbolon",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)

signed_in = {}


@app.get("/")
def ready():
    return jsonify(ready=True)


@app.get("/login")
def login():
    return symbolon.authorize_redirect(BASE + "/callback")


@app.get("/callback")
def callback():
    token = symbolon.authorize_access_token()
    userinfo = symbolon.userinfo(token=token)
    metadata = symbolon.load_server_metadata()

    client = symbolon._get_oauth_client(**metadata)
    client.token = token
    refreshed = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    claims = symbolon.parse_id_token(refreshed, nonce=None)
    introspection = client.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"], token_type_hint="access_token")
    revocation = client.revoke_token(metadata["revocation_endpoint"], token=refreshed["refresh_token"], token_type_hint="refresh_token")
    revocation.raise_for_status()
    revoked = client.introspect_token(metadata["introspection_endpoint"], token=refreshed["access_token"])

    signed_in["id_token"] = token["id_token"]
    return jsonify(
        id_token=token["userinfo"],
        userinfo=userinfo,
        token_type=token["token_type"],
        refreshed={"id_token": claims, "rotated": refreshed["refresh_token"] != token["refresh_token"]},
        introspection=introspection.json(),
        revoked=revoked.json(),
    )


@app.get("/logout")
def logout():
    session.clear()
    end_session = symbolon.load_server_metadata()["end_session_endpoint"]
    hint = {"id_token_hint": signed_in["id_token"], "post_logout_redirect_uri": BASE + "/signed-out", "state": "bye"}
    return redirect(end_session + "?" + urlencode(hint))


@app.get("/signed-out")
def signed_out():
    return jsonify(state=request.args.get("state"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    app.run("127.0.0.1", int(BASE.rpartition(":")[2]))
