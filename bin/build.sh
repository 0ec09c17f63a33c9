# Sourced by ./ratoon, with $here, $built and $aot set: builds what is missing, or older than the
# sources of a checkout. RATOON_NO_BUILD=1 leaves everything as it is.

# Who built by ./mvnw has the program without the mark. What only tests and benchmarks need is not looked at.
ratoon_is_stale() {
  as_of=$built
  [ -e "$as_of" ] || as_of=$here/app/target/ratoon.jar
  [ -e "$as_of" ] || return 0
  [ -e "$here/.git" ] || return 1
  [ -n "$(find "$here" \( -name target -o -name '.?*' -o -path '*/src/test' -o -path "$here/lab" \
    -o -path "$here/bench" -o -path "$here/testkit" \) -prune -o -type f \
    \( -path '*/src/main/*' -o -name pom.xml \) -newer "$as_of" -print -quit)" ]
}

# Caches of loaded classes, made with the JDK and the jars that will use them: starts twice as fast.
# All of a cache is read at each start, so that quick commands have a small one of their own.
# Without them everything still works, so that a failure here is no failure.
ratoon_remember_classes() {
  mkdir -p "$aot"
  rm -f "$aot"/*
  for trainee in commands server; do
    "$JAVA_HOME/bin/java" -XX:AOTCacheOutput="$aot/$trainee" -XX:+UseSerialGC -Xlog:disable \
      --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
      -cp "$here/app/target/ratoon.jar" dev.ratoon.app.Main train $trainee \
      >"$aot/$trainee.log" 2>&1 </dev/null
  done
  printf '%s\n' "$JAVA_HOME" >"$aot/jdk"
}

# Whether the caches were made with another JDK, or one that a newer has taken the place of.
ratoon_is_untrained() {
  made_with=
  [ -r "$aot/jdk" ] && read -r made_with <"$aot/jdk"
  [ "$made_with" != "$JAVA_HOME" ] || [ "$JAVA_HOME/release" -nt "$aot/jdk" ]
}

ratoon_build() {
  mkdir -p "$here/app/target" || return 1
  (
    # Whoever comes second waits here, and finds it done.
    flock 9
    ratoon_is_stale || exit 0
    echo "Building Ratoon (a minute or two the first time) ..." >&2
    now=$here/app/target/ratoon.building
    : >"$now"
    (cd "$here" && ./mvnw -q -B -DskipTests -Dspotless.check.skip -Djacoco.skip -pl app -am package) \
      >"$here/app/target/build.log" 2>&1 </dev/null || {
      tail -n 30 "$here/app/target/build.log" >&2
      echo "error: building Ratoon failed; all it said is in $here/app/target/build.log" >&2
      exit 1
    }
    ratoon_remember_classes
    # As old as the beginning of the build: what was changed during it makes the next one.
    mv "$now" "$built"
  ) 9>"$here/app/target/build.lock"
}

if [ -z "${RATOON_NO_BUILD-}" ]; then
  if ratoon_is_stale; then
    ratoon_build || return 1
  fi
  if ratoon_is_untrained && [ -w "$here/app/target" ]; then
    (
      flock 9
      ratoon_is_untrained && ratoon_remember_classes
    ) 9>"$here/app/target/build.lock"
  fi
fi
:
