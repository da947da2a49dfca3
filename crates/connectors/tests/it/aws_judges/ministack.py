"""ministack, with two APIs that have a usage plan each, and stages that admit by key and plan."""

import json
import os
import socket
import subprocess
import sys
import time

import botocore.session

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
folder = sys.argv[1]
environment = dict(os.environ, BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), SERVICES="apigateway", LOG_LEVEL="ERROR",
                   HOME=folder, TMPDIR=folder, SFTP_ENABLED="0")
child = subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, cwd=folder,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert child.poll() is None, "ministack ended"
            time.sleep(0.1)
    client = botocore.session.get_session().create_client(
        "apigateway", region_name="eu-central-1", endpoint_url=url,
        aws_access_key_id="AKIARZPUZDIKCWNSD7RT", aws_secret_access_key="any")
    plans, doors = [], []
    for name in ("orders", "payments"):
        api = client.create_rest_api(name=name)["id"]
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE", apiKeyRequired=True)
        client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK",
                               requestTemplates={"application/json": '{"statusCode": 200}'})
        client.put_method_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
        client.put_integration_response(restApiId=api, resourceId=root, httpMethod="GET", statusCode="200")
        deployment = client.create_deployment(restApiId=api)["id"]
        client.create_stage(restApiId=api, stageName="prod", deploymentId=deployment)
        plans.append(client.create_usage_plan(name=name, apiStages=[{"apiId": api, "stage": "prod"}])["id"])
        doors.append(f"{url}/restapis/{api}/prod/_user_request_/")
    print(json.dumps({"url": url, "plans": plans, "doors": doors}), flush=True)
    sys.stdin.read()
finally:
    child.terminate()
    child.wait(10)
