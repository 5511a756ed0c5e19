#!/bin/sh
# How a pod is: status.sh pod/NAME. One that is gone has failed; a question without answer is asked again.
phase=$(kubectl get --ignore-not-found --output 'jsonpath={.status.phase}' "$1") || phase=Unknown
case "$phase" in
  Succeeded) echo success ;;
  Failed | "") echo failed ;;
  *) echo running ;;
esac
