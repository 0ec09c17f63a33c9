# Sourced by ./ratoon and ./mvnw: sets and exports JAVA_HOME to a JDK of version 25 or newer.
# RATOON_JVMS names another folder of JDKs than /usr/lib/jvm.
# Reads each JDK's `release` file instead of starting its JVM, which would cost more than a whole command may take.

ratoon_jdk_is_new_enough() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  ratoon_jdk_version=
  while IFS='=' read -r key value; do
    [ "$key" = JAVA_VERSION ] && ratoon_jdk_version=${value#\"}
  done <"$1/release"
  ratoon_jdk_version=${ratoon_jdk_version%%[.\"+-]*}
  case $ratoon_jdk_version in '' | *[!0-9]*) return 1 ;; esac
  [ "$ratoon_jdk_version" -ge 25 ]
}

ratoon_find_jdk() {
  if [ -n "${JAVA_HOME-}" ] && ratoon_jdk_is_new_enough "$JAVA_HOME"; then
    export JAVA_HOME
    return 0
  fi
  if ratoon_on_path=$(command -v javac); then
    ratoon_on_path=$(readlink -f "$ratoon_on_path")
    set -- "${ratoon_on_path%/bin/javac}"
  else
    set --
  fi
  for candidate in "$@" "${RATOON_JVMS:-/usr/lib/jvm}"/*; do
    if ratoon_jdk_is_new_enough "$candidate"; then
      JAVA_HOME=$candidate
      export JAVA_HOME
      return 0
    fi
  done
  cat >&2 <<'SAY'
ratoon: needs a JDK of version 25 or newer, and found none in JAVA_HOME, on PATH or under /usr/lib/jvm.
  Debian 13:  apt-get install openjdk-25-jdk-headless
  Debian 12:  install Temurin 25 (package temurin-25-jdk, from Adoptium's Debian repository)
  or unpack any JDK 25 and set JAVA_HOME to its folder.
SAY
  return 1
}

ratoon_find_jdk
