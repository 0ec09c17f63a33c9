/** The fleet's own certificate authority and the server's certificate. */
@NullMarked
package dev.ratoon.server.tls;

import org.jspecify.annotations.NullMarked;
