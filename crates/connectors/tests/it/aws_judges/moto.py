"""moto, with two APIs that have a usage plan each."""

import json
import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
_, port = server.get_host_and_port()
url = f"http://127.0.0.1:{port}"
client = boto3.client("apigateway", region_name="eu-central-1", endpoint_url=url,
                      aws_access_key_id="AKIARZPUZDIKCWNSD7RT", aws_secret_access_key="any")
plans = []
for name in ("orders", "payments"):
    api = client.create_rest_api(name=name)["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE", apiKeyRequired=True)
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    client.create_deployment(restApiId=api, stageName="prod")
    plans.append(client.create_usage_plan(name=name, apiStages=[{"apiId": api, "stage": "prod"}],
                                          throttle={"rateLimit": 5, "burstLimit": 10})["id"])
print(json.dumps({"url": url, "plans": plans}), flush=True)
sys.stdin.read()
server.stop()
