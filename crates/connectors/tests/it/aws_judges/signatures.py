"""Stands between a caller and a server of AWS's kind, recomputes each call's signature with botocore, and passes it on.

Arguments: the server's address, an access key, its secret. What AssumeRole lends is learned from its answers. Asked for
/__verified it tells how many signatures were right, and what was wrong with the others.
"""

import http.client
import http.server
import json
import re
import sys
import threading

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

server, access_key, secret = sys.argv[1:4]
secrets = {access_key: (secret, None)}
told = {"right": {}, "wrong": []}


def signature(request, body, field):
    given = dict(part.split("=", 1) for part in field.removeprefix("AWS4-HMAC-SHA256 ").split(", "))
    key, _, region, service, _ = given["Credential"].split("/")
    secret, token = secrets[key]
    names = given["SignedHeaders"].split(";")
    must = {"host", "x-amz-date"} | ({"x-amz-security-token"} if token else set())
    assert must <= set(names), f"signed are only {names}"
    assert token == request.headers.get("x-amz-security-token"), "the session's token"
    signed = AWSRequest(request.command, f"http://{request.headers['host']}{request.path}", data=body,
                        headers={name: request.headers[name] for name in names})
    signed.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(key, secret, token), service, region)
    # It signs every field that it knows of: those of the call itself are all there are.
    text = auth.string_to_sign(signed, auth.canonical_request(signed))
    return given["Signature"], auth.signature(text, signed)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path == "/__verified":
            return self.answer(200, [], json.dumps(told).encode())
        what = f"{self.command} {self.path}"
        try:
            given, ours = signature(self, body, self.headers["authorization"])
            if given == ours:
                kind = re.sub(r"/(apikeys|keys|tags|deployments|restapis|usageplans)/[^/?]+", r"/\1/*", what).split("?")[0]
                told["right"][kind] = told["right"].get(kind, 0) + 1
            else:
                told["wrong"].append(what)
        except Exception as error:
            told["wrong"].append(f"{what}: {error!r}")
        passed = http.client.HTTPConnection(server)
        passed.request(self.command, self.path, body, dict(self.headers))
        answer = passed.getresponse()
        text = answer.read()
        lent = {name: value for name, value in re.findall(r"<(\w+)>([^<>]+)</", text.decode("utf-8", "replace"))}
        if "SessionToken" in lent:
            secrets[lent["AccessKeyId"]] = (lent["SecretAccessKey"], lent["SessionToken"])
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("content-length", "connection")]
        self.answer(answer.status, kept, text)

    def answer(self, status, fields, body):
        self.send_response_only(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def log_message(self, *_):
        pass


listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=listening.serve_forever, daemon=True).start()
print(json.dumps({"url": f"http://127.0.0.1:{listening.server_port}"}), flush=True)
sys.stdin.read()
