"""Reports written without a network: kept in the browser, sent when there is one."""
