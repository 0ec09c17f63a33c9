/**
 * TLS between the parts of a fleet, which believe the fleet's own authority and nobody else. Begin
 * with {@link dev.ratoon.protocol.tls.FleetTls}.
 */
@NullMarked
package dev.ratoon.protocol.tls;

import org.jspecify.annotations.NullMarked;
