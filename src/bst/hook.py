"""Runs bst unchanged, and tells specctl beside it what is built when. Written for BuildStream 2.

usage: python hook.py TELL WAIT BST [ARGUMENT OF bst]...

One JSON value a line goes to the inherited descriptor TELL, as plan.rs reads them. Nothing here changes what bst does: each wrapper
calls what it wraps, and swallows errors of its own, of which the first is told. With `bst show`, it tells the plan, and holds bst
(and with it casd) until the descriptor WAIT has ended. Before casd is ended, it says so, and waits a little for the same.
"""

import functools
import json
import os
import runpy
import select
import sys
import threading
import traceback


# How long casd lives on for sandboxes that are being ended, seconds.
PATIENCE = 5


class Teller:
    def __init__(self, tell, wait):
        for descriptor in tell, wait:
            os.set_inheritable(descriptor, False)
        self.file = os.fdopen(tell, "w")
        self.released = wait
        self.lock = threading.Lock()
        self.numbers = None
        self.failed = False

    def tell(self, message):
        with self.lock:
            try:
                self.file.write(json.dumps(message) + "\n")
                self.file.flush()
            except (OSError, ValueError):
                # specctl has gone: bst goes on.
                pass

    def fail(self):
        self.numbers = None
        if self.failed:
            return
        self.failed = True
        self.tell({"failed": traceback.format_exc()})

    def wait(self, seconds=None):
        select.select([self.released], [], [], seconds)

    def tell_ending(self):
        if self.numbers:
            self.tell("ending")
            self.wait(PATIENCE)

    def tell_plan(self, stream):
        from buildstream._scheduler.queues.fetchqueue import FetchQueue

        if self.failed:
            return
        elements = reachable(stream.targets)
        numbers = {element: number for number, element in enumerate(elements)}
        needed = missing(stream.targets)
        rows = [row(element, numbers, element in needed) for element in elements]
        if any(isinstance(queue, FetchQueue) for queue in stream.queues):
            for element, told in zip(elements, rows):
                told["fetching"] = element in needed and not told["sources"] and any(element.sources())
        self.tell({"plan": {**place(elements[0]), "elements": rows}})
        self.numbers = numbers

    def tell_fetched(self, element):
        if self.numbers and element in self.numbers:
            self.tell({"fetched": {"element": self.numbers[element], "sources": sources(element)}})

    def tell_building(self, jobs):
        for job in jobs:
            if self.numbers and job._element in self.numbers:
                self.tell({"building": {"element": self.numbers[job._element]}})

    def tell_built(self, element):
        if self.numbers and element in self.numbers:
            self.tell({"built": {"element": self.numbers[element], "files": artifact(element)}})


def reachable(targets):
    from buildstream import _pipeline
    from buildstream.types import _Scope

    return list(_pipeline.dependencies(targets, _Scope.ALL))


def missing(targets):
    """What has to be built: what runs the targets and is not cached, and the same of what builds that."""
    from buildstream.types import _Scope

    needed, waiting = set(), list(targets)
    while waiting:
        for element in waiting.pop()._dependencies(_Scope.RUN):
            if element not in needed and not is_cached(element):
                needed.add(element)
                waiting.extend(element._dependencies(_Scope.BUILD, recurse=False))
    return needed


def is_cached(element):
    return element._can_query_cache() and element._cached_success()


def text(digest):
    return "{}/{}".format(digest.hash, digest.size_bytes) if digest.hash else None


def artifact(element):
    return text(element._get_artifact()._get_proto().files) if is_cached(element) else None


def sources(element):
    own = element._Element__sources
    if own.can_query_cache() and own.cached() and own._proto is not None:
        return text(own._proto.files)
    return None


def row(element, numbers, needed):
    from buildstream.types import _Scope

    told = {
        "name": element._get_full_name(),
        "project": element.project_name,
        "normal_name": element.normal_name,
        "files": artifact(element),
        "run": [numbers[other] for other in element._dependencies(_Scope.RUN, recurse=False)],
        "needed": needed,
        "integration": integration(element),
    }
    if needed:
        if not element._can_query_source_cache() and element._has_all_sources_resolved():
            element._query_source_cache()
        told["sources"] = sources(element)
        told["pulling"] = element._pull_pending()
        if hasattr(element, "_BuildElement__layout"):
            told["sandbox"] = sandbox(element, numbers)
    return told


def integration(element):
    public = element._Element__public.get_mapping("bst", None)
    commands = public.get_str_list("integration-commands", []) if public is not None else []
    return {"commands": commands, "environment": element.get_environment()} if commands else None


def sandbox(element, numbers):
    config = element._Element__sandbox_config
    build_root = element.get_variable("build-root")
    command_subdir = element.get_variable("command-subdir")
    layout = element._BuildElement__layout
    digests = element._BuildElement__digest_environment
    number = lambda pairs: [numbers[plain(other)] for other, _ in pairs]
    return {
        "layout": {path: number(pairs) for path, pairs in layout.items()},
        "digest_environment": {name: number(pairs) for name, pairs in digests.items()},
        "environment": element.get_environment(),
        "build_root": build_root,
        "install_root": element.get_variable("install-root"),
        "directory": os.path.join(build_root, command_subdir) if command_subdir else build_root,
        "platform": platform(config),
        "updates": config.remote_apis_socket_action_cache_enable_update,
        "workspace": element._get_workspace() is not None,
    }


def plain(element):
    return getattr(element, "_plugin", element)


def platform(config):
    named = {
        "OSFamily": config.build_os,
        "ISA": config.build_arch,
        "unixUID": config.build_uid,
        "unixGID": config.build_gid,
        "remoteApisSocketPath": config.remote_apis_socket_path and config.remote_apis_socket_path.lstrip("/"),
    }
    return {name: str(value) for name, value in named.items() if value is not None}


def place(element):
    from buildstream import utils

    context = element._get_context()
    casd = context.get_casd()
    return {
        "casd": casd._connection_string,
        "instance": instance(context, casd),
        "cache": context.cachedir,
        "buildbox_run": utils._get_host_tool_internal("buildbox-run", search_subprojects_dir="buildbox"),
        "builders": context.sched_builders,
        "max_jobs": context.build_max_jobs or os.cpu_count(),
    }


def instance(context, casd):
    """The instance name of sandboxes whose action cache is remote, as bst's own has it."""
    from buildstream.sandbox._reremote import RERemote

    specs = context.remote_execution_specs
    if not specs or not specs.action_spec:
        return ""
    remote = RERemote(context.remote_cache_spec, specs, casd)
    remote.init()
    return remote.local_cas_instance_name


def wrap(owner, name, after=None, before=None):
    original = getattr(owner, name)

    def attempt(act, *args):
        try:
            if act:
                act(*args)
        except Exception:
            TELLER.fail()

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        attempt(before, *args)
        result = original(*args, **kwargs)
        attempt(after, result, *args)
        return result

    setattr(owner, name, wrapper)


def hook():
    from buildstream._cas.casdprocessmanager import CASDProcessManager
    from buildstream._frontend.widget import LogLine
    from buildstream._scheduler.queues.buildqueue import BuildQueue
    from buildstream._scheduler.queues.fetchqueue import FetchQueue
    from buildstream._scheduler.queues.pullqueue import PullQueue
    from buildstream._stream import Stream

    shown = []

    def planned(_, stream, *__):
        if any(isinstance(queue, BuildQueue) for queue in stream.queues):
            TELLER.tell_plan(stream)

    def show(*_):
        # A build shows its elements, too.
        if shown:
            TELLER.tell_plan(shown[-1])
            TELLER.wait()

    wrap(CASDProcessManager, "release_resources", before=lambda *_: TELLER.tell_ending())
    wrap(Stream, "_enqueue_plan", planned)
    wrap(Stream, "load_selection", lambda _, stream, *__: shown.append(stream))
    wrap(LogLine, "show_pipeline", show)
    wrap(PullQueue, "done", lambda _, queue, job, element, *__: TELLER.tell_built(element))
    wrap(FetchQueue, "done", lambda _, queue, job, element, *__: TELLER.tell_fetched(element))
    wrap(BuildQueue, "harvest_jobs", lambda jobs, queue: TELLER.tell_building(jobs))
    wrap(BuildQueue, "done", lambda _, queue, job, element, *__: TELLER.tell_built(element))


# bst's own processes may import this file again.
if __name__ == "__main__":
    TELLER = Teller(int(sys.argv[1]), int(sys.argv[2]))
    try:
        hook()
    except Exception:
        TELLER.fail()
    sys.argv = sys.argv[3:]
    runpy.run_path(sys.argv[0], run_name="__main__")
