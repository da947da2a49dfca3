//! A client of Kong that is not ours: PyPI's aio-kong.

use std::time::Duration;

use tokio::process::Command;

use crate::papers;
use crate::world::{World, demo};

/// Ends with an exception where aio-kong finds something other than it expects.
const CLIENT: &str = r#"
import asyncio, sys
from kong.client import Kong, KongResponseError

async def refused(call, status, code):
    try:
        await call
    except KongResponseError as error:
        assert (error.status, error.message.get("code")) == (status, code), str(error)
    else:
        raise AssertionError("nothing was refused")

async def main(url):
    async with Kong(url) as kong:
        # From one description to rows, twice: the second time everything is found and changed.
        for round in (1, 2):
            services = await kong.services.apply_json({
                "name": "invoices", "host": "example.com",
                "routes": [{"name": "invoices-route", "paths": ["/invoices"]}],
                "plugins": [{"name": "key-auth"}, {"name": "acl", "config": {"allow": ["prod-invoices"]}}],
            })
            (consumer,) = await kong.consumers.apply_json({
                "username": "aio", "custom_id": "aio-1", "groups": ["prod-invoices"],
                "auths": [{"type": "key-auth", "config": {"key": "aio-key-1"}}],
            })
        service = await kong.services.get("invoices")
        assert service.host == "example.com" and service.id == services[0]["id"]
        assert [route.name for route in await service.routes.get_list()] == ["invoices-route"]
        assert sorted(plugin.name for plugin in await service.plugins.get_list()) == ["acl", "key-auth"]

        aio = await kong.consumers.get("aio")
        assert aio.id == consumer["id"] and aio.username == "aio"
        assert [key["key"] for key in await aio.keyauths.get_list()] == ["aio-key-1"]
        made = await aio.keyauths.create()
        assert len(made["key"]) == 32 and made["consumer"] == {"id": aio.id}
        assert [group["group"] for group in await aio.acls.get_list()] == ["prod-invoices"]
        await refused(aio.acls.create(group="prod-invoices"), 409, 5)
        await refused(kong.consumers.create(username="aio"), 409, 5)
        await refused(kong.consumers.create(tags=["x"]), 400, 2)
        await refused(kong.services.create(name="no host"), 400, 2)
        assert not await kong.consumers.has("nobody")

        stop = await aio.plugins.create(name="request-termination", config={"status_code": 403, "message": "stopped"})
        assert stop["consumer"] == {"id": aio.id} and stop["config"]["message"] == "stopped"
        stop = await kong.plugins.update(stop.id, enabled=False)
        assert stop["enabled"] is False and stop["config"]["message"] == "stopped"
        await kong.plugins.delete(stop.id)

        for number in range(25):
            await kong.consumers.create(username=f"page-{number}", tags=["page"])
        paged = [one.username async for one in kong.consumers.paginate(tags="page", size=10)]
        assert len(set(paged)) == len(paged) == 25, paged

        await kong.consumers.delete("aio")
        assert not await kong.consumers.has("aio")
        await kong.services.delete("invoices")
        assert not await kong.services.has("invoices")

asyncio.run(main(sys.argv[1]))
"#;

#[tokio::test]
async fn somebody_elses_client_makes_finds_and_removes_what_it_wants() {
    let python = papers::project().join("target/python/bin/python3");
    let installed = python.exists()
        && std::fs::read_dir(python.parent().unwrap().parent().unwrap())
            .unwrap()
            .any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("aio-kong-"));
    if !installed {
        papers::skipped("aio-kong is missing; scripts/ensure-aio-kong.sh installs it");
        return;
    }
    let world = World::start(demo()).await;
    let mut client = Command::new(python);
    client.args(["-c", CLIENT, &world.fake.admin_url()]).kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(world.fake.touched(), []);
    assert!(world.fake.counters().calls > 50);
}
