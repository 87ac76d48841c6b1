"""The infrastructure, judged by what Bicep evaluates it to: no subscription and no network is needed."""
