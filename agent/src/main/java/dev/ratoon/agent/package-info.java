/**
 * Drives one host to its desired state: takes it from the server, keeps every VM as it shall be,
 * and reports what it finds. Begin with {@link dev.ratoon.agent.Agent}.
 */
@NullMarked
package dev.ratoon.agent;

import org.jspecify.annotations.NullMarked;
